// Looks for secrets in whatever a run left behind (RELIABILITY P7, T20, F22).
//
//   node canary.mjs SECRETS FILE...   SECRETS: lines "NAME HEX"; exit 1 names what was
//                                     found where, in which form, never the value
//   node canary.mjs --selftest        the scanner goes red for every form of a planted
//                                     secret, and for each half of it, and for nothing else
//
// A secret is looked for whole and in halves (an error text may quote a part), each as: raw
// bytes, hex in both cases, base64 and base64url at each of the three places it may have in
// other base64, percent-encoded (needed characters, all bytes), JSON-escaped, UTF-16.
import { readFileSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { tmpdir } from 'node:os'

const MIN = 12 // bytes of a secret, or of a half of one

// Of base64 in which `skip` other bytes stand before: what depends on the secret alone.
function b64(bytes, skip) {
    const text = Buffer.concat([Buffer.alloc(skip), bytes]).toString('base64')
    return text.slice(skip === 0 ? 0 : skip + 1, Math.floor(((skip + bytes.length) * 8) / 6))
}
const url = (text) => text.replaceAll('+', '-').replaceAll('/', '_')
const isText = (bytes) => bytes.every((c) => c > 0x20 && c < 0x7f)
const hex2 = (c) => c.toString(16).padStart(2, '0')

function forms(bytes) {
    const all = {
        raw: bytes,
        hex: bytes.toString('hex'),
        HEX: bytes.toString('hex').toUpperCase(),
        percent: [...bytes].map((c) => '%' + hex2(c)).join(''),
        PERCENT: [...bytes].map((c) => '%' + hex2(c).toUpperCase()).join(''),
        json: [...bytes].map((c) => '\\u00' + hex2(c)).join(''),
        utf16: Buffer.from(bytes.toString('latin1'), 'utf16le'),
    }
    for (const skip of [0, 1, 2]) {
        all['base64+' + skip] = b64(bytes, skip)
        all['base64url+' + skip] = url(b64(bytes, skip))
    }
    if (isText(bytes)) {
        const text = bytes.toString('latin1')
        all.uri = encodeURIComponent(text)
        all.jsonText = JSON.stringify(text).slice(1, -1)
        all.jsonSlash = all.jsonText.replaceAll('/', '\\/')
    }
    return Object.entries(all).map(([form, needle]) => ({ form, needle: Buffer.from(needle, typeof needle === 'string' ? 'latin1' : undefined) }))
}

function parts(name, bytes) {
    const half = Math.floor(bytes.length / 2)
    const list = [[name, bytes]]
    if (half >= MIN) list.push([name + ' (first half)', bytes.subarray(0, half)], [name + ' (second half)', bytes.subarray(half)])
    return list.flatMap(([part, b]) => forms(b).map((f) => ({ part, ...f })))
}

function scan(secrets, files) {
    const needles = secrets.flatMap(([name, bytes]) => parts(name, bytes))
    const hits = []
    for (const file of files) {
        const data = readFileSync(file)
        for (const n of needles) if (data.includes(n.needle)) hits.push(`${n.part} as ${n.form} in ${file}`)
    }
    return hits
}

function readSecrets(file) {
    const lines = readFileSync(file, 'utf8').split('\n').filter((l) => l !== '')
    return lines.map((line) => {
        const [, name, hex] = /^(.+) ([0-9a-f]+)$/.exec(line) ?? []
        if (hex === undefined || hex.length % 2 !== 0 || hex.length < 2 * MIN) throw new Error(`not a secret: ${line.slice(0, 20)}`)
        return [name, Buffer.from(hex, 'hex')]
    })
}

function selftest() {
    const dir = mkdtempSync(join(tmpdir(), 'canary-'))
    const file = join(dir, 'artefact')
    let checked = 0
    for (const bytes of [randomBytes(32), Buffer.from('wJalrX/tnFEMI+K7MDENG"bPxRfiCYz0123456789')]) {
        const secret = [['planted', bytes]]
        for (const { part, form, needle } of parts('planted', bytes)) {
            writeFileSync(file, Buffer.concat([Buffer.from('a log line with '), needle, Buffer.from(' in it\n')]))
            if (scan(secret, [file]).length === 0) throw new Error(`not found: ${part} as ${form}`)
            checked++
        }
        for (let skip = 0; skip < 6; skip++) { // inside of other base64, whatever its place
            writeFileSync(file, Buffer.concat([randomBytes(skip), bytes, randomBytes(9)]).toString('base64'))
            if (scan(secret, [file]).length === 0) throw new Error(`not found in base64 behind ${skip} bytes`)
            checked++
        }
        writeFileSync(file, randomBytes(4096).toString('base64') + randomBytes(4096).toString('hex'))
        if (scan(secret, [file]).length !== 0) throw new Error('found where nothing is')
    }
    rmSync(dir, { recursive: true })
    console.log(`canary: ${checked} planted forms found, nothing found where nothing was`)
}

if (process.argv[2] === '--selftest') {
    selftest()
} else {
    const secrets = readSecrets(process.argv[2]), files = process.argv.slice(3)
    if (secrets.length === 0 || files.length === 0) throw new Error('nothing to look for, or nowhere')
    const hits = scan(secrets, files)
    for (const hit of hits) console.log(`FOUND ${hit}`)
    console.log(`canary: ${secrets.length} secrets, ${files.length} files, ${hits.length} hits`)
    process.exit(hits.length === 0 ? 0 : 1)
}
