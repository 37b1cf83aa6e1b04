// Part: controllers of what most clusters never have, and the provisioner of the default StorageClass.

import { LocalPathProvisioner } from '../addons/local-path-provisioner.ts';
import { controllers } from '../controllers/further.ts';
import { provide } from './index.ts';

provide('controllers', { controllers, LocalPathProvisioner });
