// What has been done to images on purpose: a registry that has lost one, answers slowly, a program that crashes.

import { parseReference } from './reference.ts';

export interface ImageFault {
  /** The registry says that there is no such image. */
  missing?: boolean;
  /** ms that a pull takes longer. */
  slow?: number;
  /** Every container of it ends with status 1 after so many ms. */
  crashAfter?: number;
}

/** Faults by image name (all tags) or by name and tag. */
export class ImageFaults {
  private readonly faults = new Map<string, ImageFault>();

  /** Sets the fault of `nginx` (all of its tags), or of `nginx:1.27` alone. Throws ImageNameError. */
  set(image: string, fault: ImageFault | undefined) {
    const key = keyOf(image);
    if (fault) this.faults.set(key, { ...this.faults.get(key), ...fault });
    else this.faults.delete(key);
  }

  /** `reference` in full: `docker.io/library/nginx:1.27`. */
  of(reference: string): ImageFault | undefined {
    if (this.faults.size === 0) return undefined;
    const { name, tag } = parseReference(reference);
    return this.faults.get(`${name}:${tag}`) ?? this.faults.get(name);
  }

  list(): { image: string; fault: ImageFault }[] {
    return [...this.faults].map(([image, fault]) => ({ image, fault }));
  }
}

function keyOf(image: string): string {
  const { name, tag } = parseReference(image);
  const last = image.slice(image.lastIndexOf('/') + 1);
  return last.includes(':') ? `${name}:${tag}` : name;
}
