// How the controller managers of older releases word what v1.35 says otherwise.

export interface ReleaseWays {
  /** 35 of v1.35: of whose Go structs a hash is taken. */
  minor: number;
  /** A scaling tells both sizes, the first one from 0; before, the size that was came last and only if there was one. */
  scalesFromTo: boolean;
  /** Endpoints carry a label that says who manages them. */
  marksEndpoints: boolean;
  /** That a Job is to end is a condition of its own, which comes before the end of its Pods. */
  announcesEnd: boolean;
  /** Taint eviction is a controller of its own. */
  evictsApart: boolean;
}

/** `minor`: 35 of v1.35. */
export const waysOf = (minor: number): ReleaseWays => ({
  minor,
  scalesFromTo: minor >= 32,
  marksEndpoints: minor >= 33,
  announcesEnd: minor >= 31,
  evictsApart: minor >= 29,
});

export const PRESENT = 35;
