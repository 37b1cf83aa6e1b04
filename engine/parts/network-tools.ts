// Part: commands that look at packets, sockets and ways through the network.

import { networkTools } from '../linux/commands/network-tools.ts';
import { provide } from './index.ts';

provide('network-tools', networkTools);
