declare module 'virtual:kubebook-engine' {
  /** Addresses of the engine's scripts by name. */
  const urls: Record<string, string>;
  export default urls;
}
declare module '@jitl/quickjs-wasmfile-release-sync/wasm?url' {
  const url: string;
  export default url;
}
declare module 'jq-wasm/jq.wasm?url' {
  const url: string;
  export default url;
}
