// Simulated machines: files, processes, sockets, commands.
export * from './bytes.ts';
export * from './fs.ts';
export * from './host.ts';
export * from './http.ts';
export * from './io.ts';
export * from './network.ts';
export { Pipe } from './pipe.ts';
export type * from './types.ts';
