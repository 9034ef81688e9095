// Where bytes lie in the memory of a process: memory.mjs PID < "NAME HEX" lines.
// Prints "NAME locked|plain COUNT" per name (0: nowhere), from /proc/PID/mem and smaps;
// locked: every region of the finding is locked, not dumped, and wiped on fork.
import fs from "node:fs";

const pid = process.argv[2];
const wanted = fs.readFileSync(0, "utf8").trim().split("\n").map((line) => {
    const [name, hex] = line.split(" ");
    return { name, bytes: Buffer.from(hex, "hex"), locked: 0, plain: 0, where: [] };
});
const regions = [];
for (const line of fs.readFileSync(`/proc/${pid}/smaps`, "utf8").split("\n")) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)$/.exec(line);
    if (head) {
        regions.push({ from: parseInt(head[1], 16), to: parseInt(head[2], 16), perms: head[3], name: head[4], flags: [] });
    } else if (line.startsWith("VmFlags:")) {
        regions.at(-1).flags = line.slice(8).trim().split(" ");
    }
}
const mem = fs.openSync(`/proc/${pid}/mem`, "r");
const CHUNK = 1 << 20, OVERLAP = 256;
let bytesRead = 0;
for (const r of regions) {
    if (!r.perms.startsWith("r") || r.name.startsWith("[v")) continue;
    const safe = ["lo", "dd", "wf"].every((flag) => r.flags.includes(flag));
    for (let at = r.from; at < r.to; at += CHUNK) {
        const want = Math.min(CHUNK + OVERLAP, r.to - at), buf = Buffer.alloc(want);
        let n = 0;
        try {
            n = fs.readSync(mem, buf, 0, want, at);
        } catch {
            continue; // a page that is not there
        }
        bytesRead += n;
        for (const w of wanted) {
            for (let i = buf.indexOf(w.bytes); i >= 0 && i < CHUNK && i + w.bytes.length <= n; i = buf.indexOf(w.bytes, i + 1)) {
                if (safe) {
                    w.locked++;
                } else {
                    w.plain++;
                    w.where.push(`${(at + i).toString(16)} ${r.perms} ${r.name}`);
                }
            }
        }
    }
}
for (const w of wanted) {
    console.log(`${w.name} locked ${w.locked} plain ${w.plain}${w.where.map((x) => " " + x).join(";")}`);
}
console.log(`read ${bytesRead}`);
