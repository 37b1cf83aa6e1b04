#!/usr/bin/env node
// The command line: runs scripts and pages on the engine, and says what holds. `kubebook --help` lists it.

import { Command, Option } from 'commander';
import { readFileSync } from 'node:fs';

const program = new Command('kubebook').description('Kubernetes examples that run: the engine on the command line');

const clusterOption = () => new Option('--cluster <file>', 'YAML with version, controlPlanes, workers, seed…');
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
  .option('--port <n>', 'port; 0 picks one', '0')
  .option('--kubeconfig <file>', 'where to write a kubeconfig', 'kubeconfig')
  .addOption(clusterOption())
  .option('--speed <x>', 'virtual seconds a second; 0 freezes the clock', '1')
  .option('--birth <time>', 'when the cluster is born, RFC 3339; default: now')
  .action(async (options) => {
    const { api } = await import('./api.ts');
    await api(options);
  });

await program.parseAsync();
