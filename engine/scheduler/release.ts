// How older releases word and judge what v1.35 does otherwise.

export interface ReleaseWays {
  /** A taint that is not tolerated is named in the refusal. */
  namesTaints: boolean;
  /** The plug-in for resource claims says that it has nothing to give back. */
  tellsOfClaims: boolean;
  /** More than a whole node has is a shortage like others, for which preemption is tried. */
  preemptsInVain: boolean;
  /** A required node that does not exist is an error of the scheduler. */
  missesNodes: boolean;
  /** The sentence on preemption ends with two full stops. */
  endsTwice: boolean;
  /** How a node is refused from which a claim's volume cannot be reached. */
  nodeConflict: string;
}

/** `minor`: 35 of v1.35. */
export const waysOf = (minor: number): ReleaseWays => ({
  namesTaints: minor < 35,
  tellsOfClaims: minor >= 34,
  preemptsInVain: minor < 31,
  missesNodes: minor < 30,
  endsTwice: minor < 29,
  nodeConflict:
    minor < 35 ? 'node(s) had volume node affinity conflict' : "node(s) didn't match PersistentVolume's node affinity",
});

export const PRESENT = 35;
