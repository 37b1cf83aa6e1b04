// Why a volume cannot be set up, with the volume's own words.

export class MountError extends Error {
  /** The PersistentVolume that it is about, where that is not the volume's name in the Pod. */
  readonly volume: string | undefined;
  /** What failed, as events name it. */
  readonly step: string;
  constructor(message: string, volume?: string, step = 'MountVolume.SetUp') {
    super(message);
    this.volume = volume;
    this.step = step;
  }
}

/** The volume is not attached to the node yet: it is waited for without a word. */
export class NotAttachedError extends Error {}
