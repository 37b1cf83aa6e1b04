/** A patch that does not fit; becomes the 422 or 400 that its kind of patch gets. */
export class PatchError extends Error {}
