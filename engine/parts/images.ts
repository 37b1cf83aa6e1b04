// Part: the images of the world.

import { catalogue } from '../images/catalogue.ts';
import { provide } from './index.ts';

provide('images', { catalogue });
