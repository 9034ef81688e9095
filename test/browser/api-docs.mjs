// /docs/api in a browser: every route of /v2/openapi.json is there, can be found, opened
// with its parameters, body and example, and the page keeps the console's rules.
import {expect, ok, run} from './browser.mjs';

await run({owner: false}, async (bed) => {
    const page = await bed.page();
    await page.goto(`${bed.url}/docs/api`);
    await page.waitForSelector('.op');
    const doc = await page.evaluate(() => fetch('/v2/openapi.json').then((r) => r.json()));
    const all = Object.entries(doc.paths).flatMap(([path, ops]) => Object.keys(ops).map((m) => `${m} ${path}`));
    expect(await page.locator('.op').count() === all.length, 'every route is shown');
    ok(`${all.length} routes are shown, without signing in`);

    await page.fill('#search', 'transactions/batch');
    expect(await page.locator('.op:visible').count() === 1, 'one route is found');
    await page.locator('.op:visible > summary').focus();
    await page.keyboard.press('Enter');
    await page.locator('.op[open] > :nth-child(2)').waitFor(); // drawn once it is open
    const text = await page.locator('.op[open]').innerText();
    for (const word of ['vaultId', 'requests', 'PLAINTEXT', 'transactions.read', 'Answer 200']) {
        expect(text.includes(word), `the open route shows ${word}`);
    }
    ok('a route is found and opened by keyboard: parameters, body, example, answer');
    await bed.axe(page, '/docs/api with an open route');
    await page.fill('#search', 'no such words');
    expect(await page.locator('.op:visible').count() === 0, 'nothing is found');
    expect((await page.locator('#found').innerText()).includes('shorter'), 'it says what to do');

    for (const box of await page.locator('.op').all()) {
        await box.evaluate((el) => { el.open = true; });
    }
    await page.fill('#search', '');
    await page.waitForFunction(() => [...document.querySelectorAll('.op')].every((el) => el.childElementCount === 2));
    ok('every route opens');
    await page.goto(`${bed.url}/docs/api#postDevices`);
    await page.waitForSelector('#postDevices[open]');
    ok('a link to a route opens it');
    const phone = await bed.page({phone: true, theme: 'dark'});
    await phone.goto(`${bed.url}/docs/api`);
    await phone.waitForSelector('.op');
    expect(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing sticks out on a phone');
    await bed.axe(phone, '/docs/api on a phone, dark');
    for (const p of [page, phone]) {
        expect(p.trouble.length === 0, `trouble: ${JSON.stringify(p.trouble)}`);
    }
    ok('no violation of the policy, no error of a script, nothing serious for axe');
});
