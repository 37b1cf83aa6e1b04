// Part: the images of the world.

import { catalogue } from '../images/catalogue.ts';
import { original } from '../images/mirrors.ts';
import { managersOf } from '../images/packages.ts';
import { provide } from './index.ts';

provide('images', { catalogue, original, managersOf });
