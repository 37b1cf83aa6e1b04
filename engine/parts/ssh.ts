// Part: SSH tunnels from the API server to the nodes, and the nodes' sshd.

import * as ssh from '../ssh/index.ts';
import { provide } from './index.ts';

provide('ssh', ssh);
