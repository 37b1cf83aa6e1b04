// `kubebook exec`: a script on a fresh cluster, as a terminal would run it.

import { readCluster, start } from './host.ts';

interface Options {
  files?: string;
  cluster?: string;
  on?: string;
  json?: boolean;
  unsandboxed?: boolean;
}

/** Returns the script's exit status. */
export async function exec(script: string, options: Options): Promise<number> {
  const runner = await start({ ...options, cluster: readCluster(options.cluster) });
  process.once('SIGINT', () => runner.stop());
  if (!options.json) {
    const { exitCode } = await runner.run(script, {
      on: options.on,
      onOutput: (stream, text) => process[stream].write(text),
    });
    return exitCode;
  }
  let exitCode = 0;
  for (const command of runner.split(script)) {
    const out = { stdout: '', stderr: '' };
    const result = await runner.run(command, { on: options.on, onOutput: (stream, text) => (out[stream] += text) });
    exitCode = result.exitCode;
    const { startedAt, endedAt } = result;
    process.stdout.write(JSON.stringify({ command, ...out, exitCode, startedAt, endedAt }) + '\n');
  }
  return exitCode;
}
