// `kubebook session`: the same as exec, kept open; one JSON object a line in and out.

import { createInterface } from 'node:readline';
import { readCluster, start } from './host.ts';

export async function session(options: { files?: string; cluster?: string; unsandboxed?: boolean }) {
  const runner = await start({ ...options, cluster: readCluster(options.cluster) });
  for await (const line of createInterface({ input: process.stdin })) {
    if (!line.trim()) continue;
    let answer: object;
    try {
      const { run, on } = JSON.parse(line) as { run: string; on?: string };
      const out = { stdout: '', stderr: '' };
      const result = await runner.run(run, { on, onOutput: (stream, text) => (out[stream] += text) });
      answer = { ...out, exitCode: result.exitCode, now: result.endedAt };
    } catch (error) {
      answer = {
        stdout: '',
        stderr: `${error instanceof Error ? error.message : String(error)}\n`,
        exitCode: 1,
        now: 0,
      };
    }
    process.stdout.write(JSON.stringify(answer) + '\n');
  }
}
