// vi, nano and other programs that need a screen: refused with a sentence.

import type { Program } from '../types.ts';
import { complain } from './options.ts';

export const screenProgram: Program = function* (process) {
  complain(
    process,
    'this terminal has no screen to edit on; write files with cat > FILE, printf, tee, sed -i, or edit them in the page',
  );
  return 1;
};
