// Part: the structure of kinds that few clusters have, and how old releases print values.

import { FURTHER_TYPES } from '../api/generated/further-schema.ts';
import { typedText } from '../api/go-types.ts';
import { goValueText } from '../api/go-values.ts';
import { provide } from './index.ts';

provide('schema', { FURTHER_TYPES, goValueText, typedText });
