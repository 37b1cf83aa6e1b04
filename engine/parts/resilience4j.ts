// Part: the demonstration of Resilience4j.

import { application } from '../images/resilience4j/app.ts';
import { provide } from './index.ts';

provide('resilience4j', { application });
