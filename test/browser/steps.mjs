// What people do again and again in the console, and what a test looks at each time.
//
//   hooks(page)                      every answer >= 400, request that failed and error of the
//                                    console goes into page.trouble, except page.expected
//   look(bed, page, what)            axe in both themes, one h1, nothing wider than the window
//   tabTo(page, name)                Tab until the control of that name has the focus
//   qrText(page)                     what a camera reads in the QR code of the page
//   saveCodes(page), secretOf(page)  what enrolling shows once
import {readFileSync} from 'node:fs';
import {expect} from './browser.mjs';

export const button = (page, name) => page.getByRole('button', {name, exact: true});
export const link = (page, name) => page.getByRole('link', {name, exact: true});
export const dialog = (page) => page.getByRole('dialog');
export const badge = (page, text) => page.locator('.page-head .badge', {hasText: text});
export const heading = (page, name) => page.getByRole('heading', {level: 1, name, exact: true});

export async function settled(page) {
    await page.locator('main h1').first().waitFor({state: 'attached'});
    await page.locator('.skeleton').waitFor({state: 'detached'});
}

// ---- what may not happen ---------------------------------------------------------------

async function judge(page, response) {
    const line = `${response.status()} ${response.request().method()} ${new URL(response.url()).pathname}`;

    if (response.status() === 403 && (await response.text().catch(() => '')).includes('"stepUp"')) {
        return; // the code is asked for, then the request is made again
    }
    if (!page.expected.some((known) => known.test(line))) {
        page.trouble.push(line);
    }
}

export function hooks(page) {
    page.expected = [/^401 GET \/v2\/session$/]; // nobody is signed in yet: how the console finds out
    page.on('response', (r) => r.status() >= 400 && judge(page, r));
    page.on('requestfailed', (r) => {
        if (r.failure().errorText !== 'net::ERR_ABORTED') { // the page that read it was left
            page.trouble.push(`${r.failure().errorText}: ${r.method()} ${r.url()}`);
        }
    });
    return page;
}

// ---- looking ----------------------------------------------------------------------------

export async function look(bed, page, what) {
    const is = await page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');

    for (const colorScheme of [is === 'dark' ? 'light' : 'dark', is]) {
        await page.emulateMedia({colorScheme});
        await bed.axe(page, `${what}, ${colorScheme}`);
    }
    const found = await page.evaluate(() => ({wide: document.documentElement.scrollWidth - innerWidth, h1: document.querySelectorAll('h1').length, title: document.title}));
    expect(found.wide <= 0, `${what}: ${found.wide} pixels wider than the window`);
    expect(found.h1 === 1, `${what}: ${found.h1} headings of the first level`);
    expect(/ · CloudSign$/.test(found.title), `${what}: the title is ${found.title}`);
}

// ---- keyboard -----------------------------------------------------------------------------

export async function tabTo(page, name) {
    const seen = [];

    for (let i = 0; i < 80; i++) {
        const at = (await page.evaluate(() => {
            const el = document.activeElement;
            return el.labels?.[0]?.querySelector('.choice-title')?.textContent ?? el.labels?.[0]?.firstChild?.textContent ?? el.getAttribute('aria-label') ?? el.textContent;
        })).trim();
        if (at === name) {
            return;
        }
        seen.push(at.slice(0, 24));
        await page.keyboard.press('Tab');
    }
    throw new Error(`the Tab key does not lead to ${name}, but to ${seen.join(' | ')}`);
}

export async function press(page, name, key = 'Enter') {
    await tabTo(page, name);
    await page.keyboard.press(key);
}

// ---- what is shown once --------------------------------------------------------------------

export async function jsqr() {
    return import('jsqr').then((m) => m.default.default ?? m.default, () => {
        console.log('SKIPPED: jsqr is not installed (third_party/install.sh --with-tests)');
        process.exit(77);
    });
}

export async function qrText(page) {
    const {d, box} = await page.locator('svg.qr').evaluate((el) => ({d: el.querySelector('path').getAttribute('d'), box: el.getAttribute('viewBox')}));
    const n = Number(box.split(' ')[2]) + 4, scale = 4, size = n * scale;
    const data = new Uint8ClampedArray(size * size * 4).fill(255);

    for (const [, x, y] of d.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
        for (let i = 0; i < scale * scale; i++) {
            const at = (((Number(y) + 4) * scale + Math.floor(i / scale)) * size + (Number(x) + 4) * scale + i % scale) * 4;
            data.fill(0, at, at + 3);
        }
    }
    return (await jsqr())(data, size, size)?.data;
}

export async function secretOf(page) {
    const secret = (await page.locator('.enrol .copy-text').textContent()).trim();
    const url = new URL(await qrText(page));

    expect(url.protocol === 'otpauth:' && url.searchParams.get('secret') === secret, `the picture holds the secret: ${url}`);
    return secret;
}

export async function saveCodes(page) {
    const codes = await page.locator('.codes li').allTextContents();

    expect(codes.length === 10, `ten recovery codes, not ${codes.length}`);
    expect(await button(page, 'Continue').isDisabled(), 'nobody goes on without having saved the codes');
    const [file] = await Promise.all([page.waitForEvent('download'), button(page, 'Download').click()]);
    const text = readFileSync(await file.path(), 'utf8');
    expect(codes.every((c) => text.includes(c)), 'the file holds the recovery codes');
    await page.getByLabel('I saved the recovery codes').check();
    await button(page, 'Continue').click();
    return codes;
}
