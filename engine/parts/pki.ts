// Part: certificates, keys and signatures.

import * as pki from '../pki/index.ts';
import { provide } from './index.ts';

provide('pki', pki);
