/** A patch that does not fit; becomes what its kind of patch answers, or the code that it says itself. */
export class PatchError extends Error {
  readonly code: 400 | 422 | undefined;
  constructor(message: string, code?: 400 | 422) {
    super(message);
    this.code = code;
  }
}
