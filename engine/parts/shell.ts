// Part: the shells.

import { createShell, ShellSession, splitScript } from '../shell/index.ts';
import { provide } from './index.ts';

provide('shell', { createShell, ShellSession, splitScript });
