// Builds the site once for the suites that read it: a finished build is used again until a file of it is newer.
import { execFile } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const dist = 'dist';
const inputs = ['content', 'src', 'engine', 'astro.config.mjs', 'package.json'];

/** The folder with the built site. */
export async function builtSite(): Promise<string> {
  const built = await changedAt(join(dist, 'sw.js'));
  const changed = Math.max(...(await Promise.all(inputs.map(newest))));
  if (built < changed) {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['node_modules/astro/bin/astro.mjs', 'build'],
      {
        env: { ...process.env, ASTRO_TELEMETRY_DISABLED: '1', NODE_ENV: 'production', VITEST: undefined },
        maxBuffer: 64 << 20,
      },
    ).catch((error: { stdout: string; stderr: string }) => error);
    if ((await changedAt(join(dist, 'sw.js'))) < changed)
      throw new Error(`The site does not build:\n${stdout}\n${stderr}`);
  }
  return dist;
}

async function newest(path: string): Promise<number> {
  const own = await changedAt(path);
  const names = await readdir(path, { recursive: true }).catch(() => []);
  return Math.max(own, ...(await Promise.all(names.map((name) => changedAt(join(path, name))))));
}

async function changedAt(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
}
