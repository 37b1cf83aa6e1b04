#!/usr/bin/env node
// The command line: runs scripts and pages on the engine, and says what holds. `kubebook --help` lists it.

import { Command, InvalidArgumentError, Option } from 'commander';
import { readFileSync } from 'node:fs';

/** Exit status of a command line that asks for something that there is not; scripts that fail have statuses of their own. */
const MISUSED = 2;

const program = new Command('kubebook')
  .description('Kubernetes examples that run: the engine on the command line')
  .exitOverride(({ exitCode }) => process.exit(exitCode && MISUSED));

const clusterOption = () => new Option('--cluster <file>', 'YAML with version, controlPlanes, workers, seed…');
/** An option's number, at least `least`. */
const number = (least: number, most: number, what: string) => (text: string) => {
  const value = text.trim() === '' ? NaN : Number(text);
  if (!(value >= least && value <= most)) throw new InvalidArgumentError(`It must be ${what}.`);
  return value;
};
const instant = (text: string) => {
  if (Number.isNaN(Date.parse(text))) throw new InvalidArgumentError('It must be a time such as 2026-01-05T09:00:00Z.');
  return text;
};
const filesOption = () => new Option('--files <dir>', 'files of this folder are copied to the working directory');

program
  .command('exec')
  .description('run a shell script on a fresh cluster')
  .argument('[script]', 'the script; - or none reads standard input', '-')
  .addOption(filesOption())
  .addOption(clusterOption())
  .option('--on <node>', "run in this node's shell")
  .option('--json', 'one JSON object a command line')
  .option('--unsandboxed', 'straight on Node instead of inside QuickJS')
  .action(async (script: string, options) => {
    const { exec } = await import('./exec.ts');
    process.exitCode = await exec(script === '-' ? readFileSync(0, 'utf8') : script, options);
  });

program
  .command('session')
  .description('a cluster kept open: JSON lines in, JSON lines out')
  .addOption(filesOption())
  .addOption(clusterOption())
  .option('--unsandboxed', 'straight on Node instead of inside QuickJS')
  .action(async (options) => {
    const { session } = await import('./session.ts');
    await session(options);
  });

program
  .command('cells')
  .description("run pages' examples and compare with what is recorded")
  .argument('[page...]', 'notes by path or part of it; default: all')
  .option('--update', 'write what the engine answers into the pages')
  .addOption(new Option('--on <runner>', 'run on a real cluster, with your own kubectl').choices(['kubectl']))
  .option('--context <name>', 'with --on kubectl: the context of your kubeconfig')
  .action(async (pages: string[], options) => {
    const { cells, cellsOn } = await import('./cells.ts');
    if (options.on && options.update)
      program.error('error: --update records what the engine answers, not --on kubectl');
    if (options.context && !options.on) program.error('error: --context goes with --on kubectl');
    process.exitCode = await (options.on ? cellsOn(pages, { context: options.context }) : cells(pages, options));
  });

program
  .command('claims')
  .description('every claim: its status, its page, the cells that prove it')
  .option('--json', 'as JSON')
  .action(async (options) => {
    const { claims } = await import('./claims.ts');
    process.exitCode = await claims(options);
  });

program
  .command('bench')
  .description('our figures beside the peers’, measured in one run')
  .argument('[case...]', 'boot, replicas-10…1000, list-1000, heap, api-create, api-get…; default: all')
  .option('--json', 'as JSON')
  .action(async (cases: string[], options) => {
    const { bench } = await import('./bench.ts');
    await bench(cases, options);
  });

program
  .command('api')
  .description("serve the engine's API over HTTP on 127.0.0.1")
  .option('--port <n>', 'port; 0 picks one', number(0, 65_535, 'a port'), 0)
  .option('--kubeconfig <file>', 'where to write a kubeconfig', 'kubeconfig')
  .addOption(clusterOption())
  .option('--speed <x>', 'virtual seconds a second; 0 freezes the clock', number(0, 1e6, 'a number from 0 on'), 1)
  .option('--birth <time>', 'when the cluster is born, RFC 3339; default: now', instant)
  .action(async (options) => {
    const { api } = await import('./api.ts');
    await api(options);
  });

try {
  await program.parseAsync();
} catch (error) {
  // A mistake of ours keeps its trace; what the command line or its files got wrong is told in a line.
  if (!(error instanceof Error) || /^(Type|Reference|Syntax)Error$/.test(error.name)) throw error;
  program.error(`error: ${oneLine(error)}`);
}

function oneLine(error: Error & { code?: string; path?: string }): string {
  const line = error.message.replace(/^Error: /, '').split('\n', 1)[0];
  // Node: "ENOENT: no such file or directory, open 'cluster.yaml'"
  return error.code && error.path ? `${error.path}: ${line.replace(/^\w+: |, \w+ '.*$/g, '')}` : line;
}
