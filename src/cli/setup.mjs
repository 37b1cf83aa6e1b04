// Runs before `npm start` and `npm test`, on whatever Node the machine has: installs the packages when they
// are missing or old, and with --browser a Chromium for the tests.

import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';

const run = (command, args) => execFileSync(command, args, { stdio: 'inherit' });
const changed = (file) => (existsSync(file) ? statSync(file).mtimeMs : 0);

if (changed('node_modules/.package-lock.json') < changed('package-lock.json')) {
  run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']);
}

if (process.argv.includes('--browser')) {
  const places = [process.env.CHROME_PATH, '/usr/bin/chromium', '/usr/bin/google-chrome', '/usr/bin/chromium-browser'];
  const found = () => places.some((path) => path && existsSync(path));
  if (!found() && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    run('apt-get', ['update', '-qq']);
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium']);
  }
  if (!found()) {
    console.error('The tests need Chromium or Chrome: install it, or set CHROME_PATH to its program file.');
    process.exit(1);
  }
}
