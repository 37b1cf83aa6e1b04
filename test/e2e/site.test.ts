// The built site in a real browser: what a reader does, from browsing to reading without a network.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { builtSite } from './build.ts';
import { startBrowser } from './browser.ts';
import { serve, type Site } from './serve.ts';

const pages = [
  '/',
  '/notes/',
  '/notes/workloads/deployments/',
  '/glossary/',
  '/evidence/',
  '/notes/tools/how-the-examples-run/',
  '/404.html',
];

let site: Site;
let browser: Browser;
let context: BrowserContext | undefined;
const complaints: string[] = [];

beforeAll(async () => {
  site = await serve(await builtSite());
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});
afterEach(async () => {
  await context?.close();
  context = undefined;
  // Violations of the Content-Security-Policy and failed scripts are errors of the console.
  expect(complaints.splice(0)).toEqual([]);
});

async function open(path: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
  context ??= await browser.newContext({ serviceWorkers: 'block', viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/404|ERR_/.test(message.text())) complaints.push(message.text());
  });
  await page.goto(site.url + path);
  return page;
}

const announced = (page: Page, text: RegExp) =>
  page.waitForFunction(
    (source) => new RegExp(source).test(document.getElementById('kb-announce')!.textContent!),
    text.source,
  );

describe('reading', () => {
  test('a note has its commands and recorded outputs without JavaScript', async () => {
    const page = await open('/notes/tools/how-the-examples-run/', { javaScriptEnabled: false });
    expect(await page.locator('kb-cell .kb-cmd').allTextContents()).toEqual(['$ date', '$ sleep 300', '$ date']);
    expect(await page.locator('kb-cell [data-act=run]').isVisible()).toBe(false);
  });

  test('the first mention of a term leads to the glossary, and the glossary back', async () => {
    const page = await open('/notes/workloads/deployments/');
    const term = page.locator('a.kb-term', { hasText: /^Pods$/ });
    expect(await term.count()).toBe(1);
    await term.click();
    await page.waitForURL('**/glossary/pod/');
    expect(await page.locator('main a[href="/notes/workloads/deployments/"]').count()).toBe(1);
  });

  test('a proven claim leads to the example that proves it, and back from the evidence', async () => {
    const page = await open('/evidence/');
    const proof = page.locator('.kb-claims li[data-state=proven] a', { hasText: 'Proven by this example' }).first();
    await proof.click();
    await page.waitForURL(/\/notes\/.*#cell-/);
    expect(await page.locator('kb-cell:target').count()).toBe(1);
  });

  test.each([320, 768, 1440])('no page is wider than a screen of %i pixels', async (width) => {
    const page = await open('/', { viewport: { width, height: 800 } });
    const notes = await page.request.get(`${site.url}/search/terms.json`).then((answer) => answer.json());
    const paths = (notes as { kind: string; url: string }[])
      .filter(({ kind }) => kind === 'Note')
      .map(({ url }) => url);
    for (const path of new Set([...pages, ...(width === 320 ? paths : [])])) {
      await page.goto(site.url + path);
      const excess = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect([path, excess]).toEqual([path, 0]);
    }
  });

  test.each(['light', 'dark'] as const)('axe finds nothing on any kind of page (%s)', async (colorScheme) => {
    const axe = await readFile('node_modules/axe-core/axe.min.js', 'utf8');
    const page = await open('/', { colorScheme, bypassCSP: true, reducedMotion: 'reduce' });
    const found: string[] = [];
    for (const path of pages) {
      await page.goto(site.url + path);
      await page.evaluate(axe);
      const violations = await page.evaluate(async () => {
        const { axe } = window as unknown as {
          axe: { run(o: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
        };
        const { violations } = await axe.run({ resultTypes: ['violations'] });
        return violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html.slice(0, 200)}`);
      });
      found.push(...violations.map((violation) => `${path} ${violation}`));
    }
    expect(found).toEqual([]);
  });

  test('a note loads at most 10 kB of JavaScript before the reader does anything', async () => {
    const page = await open('/notes/workloads/deployments/');
    const urls = await page.evaluate(() =>
      performance
        .getEntriesByType('resource')
        .map(({ name }) => name)
        .filter((name) => name.endsWith('.js')),
    );
    let bytes = 0;
    for (const url of urls) bytes += gzipSync(await (await fetch(url)).text()).length;
    expect(urls.length).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(10_000);
  });
});

describe('searching', () => {
  test('a misspelt kind is found by keyboard, and the count is announced', async () => {
    const page = await open('/notes/');
    await page.keyboard.press('Control+k');
    // Typed at once: no letter is lost while the search loads.
    await page.keyboard.type('daemnoset');
    expect(await page.locator('#kb-search input').inputValue()).toBe('daemnoset');
    await page.waitForFunction(() =>
      /\d+ results/.test(document.querySelector('#kb-search [role=status]')!.textContent!),
    );
    expect(await page.locator('#kb-search [role=option]').first().textContent()).toContain('DaemonSet');
    await page.keyboard.press('ArrowDown');
    const active = await page.locator('#kb-search input').getAttribute('aria-activedescendant');
    expect(await page.locator(`#${active}`).getAttribute('aria-selected')).toBe('true');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/glossary/daemonset/');
  });

  test('words of the text are found where they stand', async () => {
    const page = await open('/notes/');
    await page.locator('.kb-search-button').click();
    await page.locator('#kb-search input').fill('time is virtual');
    await page.locator('#kb-search [aria-label="In the text"] [href^="/notes/tools/how-the-examples-run/"]').waitFor();
  });
});

describe('running examples', () => {
  test('an example runs in the page, says so in one line and shows the cluster', async () => {
    const page = await open('/');
    const recorded = await page.locator('kb-cell .kb-out').allTextContents();
    await page.locator('kb-cell [data-act=run]').click();
    await announced(page, /^exit 0, \d+ lines$/);
    const outputs = await page.locator('kb-cell .kb-out').allTextContents();
    expect(outputs.map((text) => text.trimEnd())).toEqual(recorded.map((text) => text.trimEnd()));
    expect(await page.locator('kb-cluster .kb-pod[data-state=ready]:not([data-system])').count()).toBe(6);
    expect(await page.locator('kb-cluster [data-part=summary]').textContent()).toContain('6 Pods, 6 ready');
    const happened = page.locator('kb-cell .kb-happened');
    await happened.locator('summary').click();
    await happened.locator('tbody td').first().waitFor();
    const who = await happened.locator('tbody td:nth-child(2)').allTextContents();
    expect(new Set(who)).toEqual(
      new Set([...who, 'kubectl', 'deployment-controller', 'kube-scheduler', 'kubelet worker-1']),
    );
  });

  test('an example in the middle of a page first runs what it needs', async () => {
    const page = await open('/notes/workloads/deployments/');
    await page.locator('#cell-three-levels [data-act=run]').click();
    await page.locator('#cell-three-levels[data-state=ok]').waitFor();
    expect(await page.locator('kb-cell').first().getAttribute('data-state')).toBe('ok');
    expect(await page.locator('#cell-create').getAttribute('data-state')).toBe('ok');
  });

  test('the slider shows the cluster as earlier examples left it', async () => {
    const page = await open('/notes/workloads/deployments/');
    await page.locator('#cell-three-levels [data-act=run]').click();
    await page.locator('#cell-three-levels[data-state=ok]').waitFor();
    const pods = page.locator('kb-cluster .kb-pod:not([data-system])');
    const now = await pods.count();
    expect(now).toBeGreaterThan(0);
    const slider = page.locator('kb-cluster [data-part=rewind] input');
    await slider.focus();
    await page.keyboard.press('Home');
    expect(await slider.getAttribute('aria-valuetext')).toBe('a new cluster');
    expect(await pods.count()).toBe(0);
    await page.keyboard.press('End');
    expect(await pods.count()).toBe(now);
  });

  test('an edit marks what follows as stale, survives a reload, is shared by link and reverted', async () => {
    const page = await open('/notes/workloads/deployments/', { permissions: ['clipboard-read', 'clipboard-write'] });
    const cells = page.locator('kb-cell');
    await cells.first().locator('[data-act=edit]').click();
    await page.locator('.kb-editor .cm-content').click();
    await page.keyboard.press('Control+End');
    await page.keyboard.type('# a remark');
    expect(await cells.first().getAttribute('data-edited')).toBe('');
    expect(await page.locator('kb-cell[data-stale]').count()).toBe(await cells.count());

    await page.reload();
    await page.locator('kb-cell[data-edited]').first().waitFor();
    expect(await cells.first().textContent()).toContain('# a remark');

    await page.locator('kb-cluster [data-act=share]').click();
    await announced(page, /copied/);
    const link = await page.evaluate(() => navigator.clipboard.readText());
    await cells.first().locator('[data-act=reset]').click();
    expect(await page.locator('kb-cell[data-edited], kb-cell[data-stale]').count()).toBe(0);

    const other = await open(link.slice(site.url.length));
    await announced(other, /Nothing has run/);
    expect(await other.locator('kb-cell').first().textContent()).toContain('# a remark');
    expect(await other.locator('kb-cell[data-state=ok]').count()).toBe(0);
  });

  test('Stop ends an endless loop with endless output, and the page goes on', async () => {
    const page = await open('/notes/tools/how-the-examples-run/');
    const cell = page.locator('kb-cell').first();
    await cell.locator('[data-act=edit]').click();
    await page.locator('.kb-editor .cm-content').click();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('while true; do echo y; done');
    await page.keyboard.press('Control+Enter');
    await page.waitForFunction(() => (document.querySelector('kb-cell .kb-out')?.textContent ?? '').length > 1000);
    await cell.locator('[data-act=stop]').click();
    await page.locator('kb-cell[data-state=stopped], kb-cell[data-state=failed]').waitFor();
    expect((await cell.locator('.kb-out').textContent())!.length).toBeLessThan(300_000);
    await cell.locator('[data-act=reset]').click();
    await cell.locator('[data-act=run]').click();
    await page.locator('kb-cell[data-state=ok]').waitFor();
  });

  test('the editor is left by Escape and Tab, and Shift+Enter moves on', async () => {
    const page = await open('/notes/workloads/deployments/');
    await page.locator('kb-cell [data-act=edit]').first().click();
    await page.locator('.kb-editor .cm-content').waitFor();
    await page.keyboard.press('Shift+Enter');
    expect(await page.evaluate(() => document.activeElement?.closest('kb-cell')?.id)).toBe(
      await page.locator('kb-cell').nth(1).getAttribute('id'),
    );
    await page.locator('.kb-editor .cm-content').click();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.closest('.kb-editor') === null)).toBe(true);
  });
});

test('after one visit the site reads, searches and runs without a network', async () => {
  const own = await serve(await builtSite());
  try {
    context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${own.url}/notes/tools/how-the-examples-run/`);
    await page.getByText('Available offline').waitFor({ timeout: 30_000 });
    await own.close();
    await page.goto(`${own.url}/notes/workloads/deployments/`);
    expect(await page.locator('h1').textContent()).toBe('Deployments');
    await page.keyboard.press('Control+k');
    await page.locator('#kb-search input').fill('replicaset');
    await page.locator('#kb-search [aria-label="In the text"] [role=option]').first().waitFor();
    await page.keyboard.press('Escape');
    await page.goto(`${own.url}/notes/tools/how-the-examples-run/`);
    await page.locator('kb-cell [data-act=run]').click();
    await page.locator('kb-cell[data-state=ok]').waitFor();
  } finally {
    await own.close().catch(() => undefined);
  }
});
