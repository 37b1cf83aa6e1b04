// The commands of machines: one table.
import type { Program } from '../types.ts';
import { echo, printf } from './printf.ts';
import { test } from './test.ts';

export const commands: Record<string, Program> = { echo, printf, test, '[': test };
