// How the controller managers of older releases word what v1.35 says otherwise.

export interface ReleaseWays {
  /** A scaling tells both sizes, the first one from 0; before, the size that was came last and only if there was one. */
  scalesFromTo: boolean;
  /** Endpoints carry a label that says who manages them. */
  marksEndpoints: boolean;
  /** Taint eviction is a controller of its own. */
  evictsApart: boolean;
}

/** `minor`: 35 of v1.35. */
export const waysOf = (minor: number): ReleaseWays => ({
  scalesFromTo: minor >= 32,
  marksEndpoints: minor >= 33,
  evictsApart: minor >= 29,
});

export const PRESENT = 35;
