// Of which release of Kubernetes a program is; it stays known when the program's file is copied.

import type { Program } from '../linux/index.ts';

export const programRelease = new WeakMap<Program, string>();
