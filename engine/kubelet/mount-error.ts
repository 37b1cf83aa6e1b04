// MountVolume.SetUp failed, with the volume's own words.

export class MountError extends Error {
  /** The PersistentVolume that it is about, where that is not the volume's name in the Pod. */
  readonly volume: string | undefined;
  constructor(message: string, volume?: string) {
    super(message);
    this.volume = volume;
  }
}
