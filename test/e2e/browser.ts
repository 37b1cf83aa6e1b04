// Starts a real Chromium for the tests: the system's, else the one of @sparticuz/chromium if that package is installed.
import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const candidates = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

async function executable(): Promise<string> {
  const found = candidates.find((path) => path && existsSync(path));
  if (found) return found;
  const packed = '@sparticuz/chromium';
  const loaded = await import(packed).catch(() => undefined);
  if (loaded) return (loaded as { default: { executablePath(): Promise<string> } }).default.executablePath();
  throw new Error('No Chromium found: install one (Debian: apt-get install chromium) or set CHROMIUM to its path.');
}

export async function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: await executable(),
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
