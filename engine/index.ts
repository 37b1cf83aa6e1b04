// The bundle's entry: what the host of the sandbox calls, one method name and JSON in, JSON out.

import { createEngine } from './engine.ts';

(globalThis as { kubebook?: unknown }).kubebook = createEngine();
