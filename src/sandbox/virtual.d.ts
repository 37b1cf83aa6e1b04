declare module 'virtual:kubebook-engine' {
  const url: string;
  export default url;
}
declare module '@jitl/quickjs-wasmfile-release-sync/wasm?url' {
  const url: string;
  export default url;
}
declare module 'jq-wasm/jq.wasm?url' {
  const url: string;
  export default url;
}
