// The engine inside QuickJS: start, limits, calls, capture and restore. The same module serves the browser's
// worker, the build, the tests and the command line.

import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSRuntime,
  type QuickJSSyncVariant,
} from 'quickjs-emscripten-core';
import type { EngineHandle } from './runner.ts';

const PAGE = 65536;
/** 24 MB to begin with: the booted engine fits, so that early growth does not cost time. */
const INITIAL_PAGES = 384;
/** A hard cap; setMemoryLimit does not hold. */
const MAXIMUM_PAGES = 8192;
/**
 * QuickJS looks for garbage in cycles each time the number of its blocks has grown by half, which walks the whole heap. While a cluster
 * grows there is hardly any, so the first search is put off until there are this many: about 100 MB, more than 1,000 Pods take.
 */
const COLLECT_AT_BLOCKS = 2_000_000;
/** The threshold of a new runtime; and QuickJS counts eight bytes a block, since it cannot ask a block's size in WASM. */
const NEW_THRESHOLD = 256 * 1024;
const BYTES_PER_BLOCK = 8;
/** The threshold is among this many first words of JSRuntime. */
const RUNTIME_WORDS = 48;
/** The guest's own stack; small enough that the host's never overflows first. */
const STACK_BYTES = 256 * 1024;
/** No slice may take longer: the host asks for short ones, so this is a loop inside one event. */
const SLICE_LIMIT_MS = 10_000;

/** The script that boots a cluster; the others load when the engine asks for them. */
export const CORE = 'core.js';

/** The engine's scripts (ES modules) by file name. */
export type EngineCode = Readonly<Record<string, string>>;

/** Thrown when the guest cannot go on: out of memory, stack or time. The instance must be discarded. */
export class SandboxError extends Error {}

/** A whole cluster at one instant: its WASM memory, page by page; unchanged pages are shared with `base`. */
export interface Capture {
  pages: Uint8Array[];
}

export class QuickJSEngine implements EngineHandle {
  private readonly memory: WebAssembly.Memory;
  private readonly runtime: QuickJSRuntime;
  private readonly context: QuickJSContext;
  private readonly entry: QuickJSHandle;
  private deadline = Infinity;
  /** Set after a failure that leaves the guest in an unknown state. */
  broken = false;

  private constructor(
    memory: WebAssembly.Memory,
    runtime: QuickJSRuntime,
    context: QuickJSContext,
    entry: QuickJSHandle,
  ) {
    this.memory = memory;
    this.runtime = runtime;
    this.context = context;
    this.entry = entry;
    runtime.setInterruptHandler(() => performance.now() > this.deadline);
  }

  /** Evaluates the engine's core in a fresh instance of `variant`; other scripts of `code` when the engine asks for them. */
  static async create(
    variant: QuickJSSyncVariant,
    code: EngineCode,
    maximumPages = MAXIMUM_PAGES,
  ): Promise<QuickJSEngine> {
    const memory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: maximumPages });
    const module = await newQuickJSWASMModuleFromVariant(newVariant(variant, { wasmMemory: memory }));
    const runtime = module.newRuntime();
    putOffCollection(memory, runtime);
    runtime.setMaxStackSize(STACK_BYTES);
    runtime.setModuleLoader(
      (name) => code[name] ?? { error: new Error(`the sandbox has no script ${name}`) },
      (_from, name) => name.replace('./', ''),
    );
    const context = runtime.newContext();
    const evaluate = (name: string) => {
      const result = context.evalCode(code[name], name, { type: 'module' });
      if (result.error) throw new SandboxError(describe(context, result.error));
      result.value.dispose();
    };
    context
      .newFunction('loadPart', (name) => evaluate(`${context.getString(name)}.js`))
      .consume((loadPart) => context.setProp(context.global, 'loadPart', loadPart));
    evaluate(CORE);
    const global = context.getProp(context.global, 'kubebook');
    const entry = context.getProp(global, 'call');
    global.dispose();
    return new QuickJSEngine(memory, runtime, context, entry);
  }

  call(method: string, json: string): string {
    if (this.broken) throw new SandboxError('the sandbox has stopped; start a new cluster');
    const { context } = this;
    this.deadline = performance.now() + SLICE_LIMIT_MS;
    let name: QuickJSHandle | undefined;
    let argument: QuickJSHandle | undefined;
    try {
      name = context.newString(method);
      argument = context.newString(json);
      const result = context.callFunction(this.entry, context.undefined, name, argument);
      if (result.error) {
        this.broken = true;
        throw new SandboxError(describe(context, result.error));
      }
      const text = context.getString(result.value);
      result.value.dispose();
      return text;
    } catch (error) {
      this.broken = true;
      if (error instanceof SandboxError) throw error;
      throw new SandboxError(`the sandbox stopped: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      this.deadline = Infinity;
      if (!this.broken) {
        name?.dispose();
        argument?.dispose();
      }
    }
  }

  /** Copies the whole state out; pages that are as in `base` are not copied again. */
  capture(base?: Capture): Capture {
    const bytes = new Uint8Array(this.memory.buffer);
    const pages: Uint8Array[] = [];
    for (let at = 0, n = 0; at < bytes.length; at += PAGE, n++) {
      const known = base?.pages[n];
      pages.push(known && same(this.memory.buffer, at, known) ? known : bytes.slice(at, at + PAGE));
    }
    return { pages };
  }

  /** Puts a state of this instance back. */
  restore(capture: Capture) {
    const bytes = new Uint8Array(this.memory.buffer);
    for (let n = 0; n < capture.pages.length; n++) bytes.set(capture.pages[n], n * PAGE);
    bytes.fill(0, capture.pages.length * PAGE);
    this.broken = false;
  }

  /** Bytes of WASM memory taken. */
  get heap(): number {
    return this.memory.buffer.byteLength;
  }
}

/** Sets the threshold in the runtime's own record, since the library has no call for it; an unknown record is left as it is. */
function putOffCollection(memory: WebAssembly.Memory, runtime: QuickJSRuntime) {
  const record = new Uint32Array(memory.buffer, runtime['rt'].value, RUNTIME_WORDS);
  const at = record.indexOf(NEW_THRESHOLD);
  if (at >= 0 && record.indexOf(NEW_THRESHOLD, at + 1) < 0) record[at] = COLLECT_AT_BLOCKS * BYTES_PER_BLOCK;
}

/** Whether the page at `at` equals `known`, compared as 32-bit words. */
function same(memory: ArrayBufferLike, at: number, known: Uint8Array): boolean {
  const a = new Int32Array(memory, at, PAGE / 4);
  const b = new Int32Array(known.buffer, known.byteOffset, PAGE / 4);
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function describe(context: QuickJSContext, error: QuickJSHandle): string {
  const value = context.dump(error) as { name?: string; message?: string; stack?: string } | string;
  error.dispose();
  if (typeof value === 'string') return value;
  const { name, message = '', stack = '' } = value ?? {};
  if (message === 'out of memory') return 'the cluster ran out of memory (the sandbox has a hard limit)';
  if (message === 'interrupted') return 'the engine was stopped: one step took too long';
  return `${name ?? 'Error'}: ${message}\n${stack}`;
}
