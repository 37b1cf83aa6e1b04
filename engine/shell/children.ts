// Children of a shell: subshells, substitutions, the stages of pipelines, background jobs.

import type { Co } from '../sim/index.ts';
import { FileNode } from '../linux/fs.ts';
import { waitFor } from '../linux/host.ts';
import { Collector, nullReader, nullWriter, pipeReader, pipeWriter } from '../linux/io.ts';
import { Pipe } from '../linux/pipe.ts';
import type { Process, Program } from '../linux/types.ts';
import type { Command, List } from './ast.ts';
import { contextOf, deeper, failed, runCommand, runList, runText, settle } from './interpreter.ts';
import { redirected } from './redirect.ts';
import { type Descriptor, type Descriptors, Flow, type Job, pay, PROGRAM_COST, type Shell } from './shell.ts';
import { runSimple } from './simple.ts';

/** Runs a child shell to its end: `exit` ends the child alone, its EXIT trap runs. */
export function* enclosed(child: Shell, body: Co<number>, fds: Descriptors): Co<number> {
  let status: number;
  try {
    status = yield* body;
  } catch (error) {
    if (!(error instanceof Flow)) throw error;
    status = error.kind === 'break' || error.kind === 'continue' ? 0 : error.value;
  }
  return yield* runExitTrap(child, status, fds);
}

export function* runExitTrap(shell: Shell, status: number, fds: Descriptors): Co<number> {
  const trap = shell.traps.get('EXIT');
  if (!trap) return status;
  shell.traps.delete('EXIT');
  shell.status = status;
  try {
    yield* runText(shell, trap, fds);
  } catch (error) {
    if (!(error instanceof Flow)) throw error;
    if (error.kind === 'exit') return error.value;
  }
  return status;
}

export function* substitute(shell: Shell, body: List, fds: Descriptors): Co<string> {
  const out = new Collector();
  const child = shell.fork(shell.process);
  // A substitution stands on twice as much of the stack as a block.
  child.nesting++;
  deeper(child, fds);
  const inner = fds.slice();
  inner[1] = { writer: out };
  // `$(< file)` is the file's content.
  const only = body.items.length === 1 ? body.items[0].command : undefined;
  if (only?.kind === 'simple' && !only.words.length && !only.assignments.length && only.redirects.length === 1) {
    try {
      const read = (yield* redirected(contextOf(child, inner), only.redirects))[0]?.reader;
      for (let text = read && (yield* read.read()); text !== undefined; text = yield* read!.read()) out.write(text);
      shell.status = 0;
    } catch (error) {
      shell.status = failed(shell, error, fds);
    }
    return out.text;
  }
  const conditional = child.conditional;
  child.conditional = shell.flavour.kind === 'bash' ? conditional : 0;
  // bash drops -e inside substitutions.
  if (shell.flavour.kind === 'bash') child.options.delete('e');
  shell.status = yield* enclosed(child, runList(child, body, inner), inner);
  shell.cost += child.cost;
  return out.text;
}

export function processPath(shell: Shell, direction: '<' | '>', body: List, fds: Descriptors): string {
  let fd = 63;
  while (shell.fs.exists(`/dev/fd/${fd}`)) fd--;
  const path = `/dev/fd/${fd}`;
  const pipe = new Pipe();
  const node = new FileNode('', { mode: 0o600, uid: shell.fs.uid, gid: shell.fs.gid });
  node.fifo = pipe;
  // The kernel makes them, whoever asks.
  const kernel = shell.fs.view({});
  kernel.mkdir('/dev/fd', { recursive: true });
  kernel.put(path, node);
  shell.temporary.push(path);
  const inner = fds.slice();
  if (direction === '<') inner[1] = { writer: pipeWriter(pipe) };
  else inner[0] = { reader: pipeReader(pipe) };
  spawnShell(
    shell,
    inner,
    (child) => runList(child, body, inner),
    () => {
      if (direction === '<') pipe.end();
      else pipe.closeReader();
    },
  );
  return path;
}

/** Starts a process that runs a part of the script in a child of this shell. */
function spawnShell(shell: Shell, fds: Descriptors, body: (child: Shell) => Co<number>, ended: () => void): Process {
  const program: Program = function* (process) {
    const child = shell.fork(process);
    try {
      return yield* enclosed(child, body(child), fds);
    } finally {
      ended();
    }
  };
  return shell.process.host.spawn({
    program,
    argv: [shell.name],
    env: shell.variables.exported(),
    cwd: shell.cwd,
    ...streams(fds),
    tty: fds[0]?.tty,
    parent: shell.process,
  });
}

export function streams(fds: Descriptors) {
  return {
    stdin: fds[0]?.reader ?? nullReader,
    stdout: fds[1]?.writer ?? nullWriter,
    stderr: fds[2]?.writer ?? nullWriter,
  };
}

/** Starts the stages of a pipeline; each has a process of its own. */
function startPipeline(shell: Shell, commands: Command[], fds: Descriptors): Process[] {
  const processes: Process[] = [];
  let input: Descriptor | undefined = fds[0];
  for (let i = 0; i < commands.length; i++) {
    const inner = fds.slice();
    const from = input;
    inner[0] = from;
    const pipe = i < commands.length - 1 ? new Pipe() : undefined;
    if (pipe) {
      inner[1] = { writer: pipeWriter(pipe) };
      input = { reader: pipeReader(pipe) };
    }
    const first = i === 0;
    const stage = (child: Shell) => runStage(child, commands[i], inner);
    processes.push(
      spawnShell(shell, inner, stage, () => {
        pipe?.end();
        if (!first) from?.reader?.close();
      }),
    );
  }
  return processes;
}

export function* runPipeline(shell: Shell, commands: Command[], fds: Descriptors): Co<number> {
  yield* pay(shell, PROGRAM_COST);
  const processes = startPipeline(shell, commands, fds);
  const statuses = yield* foreground(shell, processes);
  shell.variables.put('PIPESTATUS', { list: statuses.map(String) });
  let status = statuses[statuses.length - 1];
  if (shell.options.has('pipefail')) for (const one of statuses) if (one !== 0) status = one;
  return status;
}

export function* foreground(shell: Shell, processes: Process[]): Co<number[]> {
  const before = shell.foreground;
  shell.foreground = processes;
  const statuses: number[] = [];
  try {
    for (const process of processes) statuses.push(yield* waitFor(process));
  } finally {
    shell.foreground = before;
  }
  return statuses;
}

/** A process that was started for one command becomes that command's program, as after fork and exec. */
export function* runStage(shell: Shell, command: Command, fds: Descriptors): Co<number> {
  if (command.kind !== 'simple') return yield* runCommand(shell, command, fds);
  return yield* settle(shell, runSimple(shell, command, fds, true), fds);
}

export function startJob(shell: Shell, command: Command, text: string, outer: Descriptors): Job {
  const fds = outer.slice();
  // Without job control a background command does not read the terminal.
  fds[0] = outer[0]?.tty || !shell.interactive ? { reader: nullReader } : outer[0];
  const processes =
    command.kind === 'pipeline' && !command.negate
      ? startPipeline(shell, command.commands, fds)
      : [
          spawnShell(
            shell,
            fds,
            (child) => runStage(child, command, fds),
            () => {},
          ),
        ];
  let id = 1;
  for (const job of shell.jobs) id = Math.max(id, job.id + 1);
  const last = processes[processes.length - 1];
  const job: Job = { id, text, processes, last, reported: false };
  shell.jobs.push(job);
  shell.background = last.pid;
  shell.status = 0;
  if (shell.interactive && shell.subshell === 0 && shell.functionNames.length === 0) {
    const words = shell.flavour.kind === 'bash' ? `[${id}] ${last.pid}\n` : '';
    fds[2]?.writer?.write(words);
  }
  return job;
}
