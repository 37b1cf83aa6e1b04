// Part: an interpreter of Python, for images that have one.

import { runPython } from '../images/python/index.ts';
import { provide } from './index.ts';

provide('python', { runPython });
