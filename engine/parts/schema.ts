// Part: the structure of what a new cluster has none of, and how old releases print values.

import { FURTHER_TYPES } from '../api/generated/further-schema.ts';
import { typedText } from '../api/go-types.ts';
import { goValueText } from '../api/go-values.ts';
import { FURTHER_GO_STRUCTS } from '../controllers/further-go-structs.ts';
import { provide } from './index.ts';

provide('schema', { FURTHER_GO_STRUCTS, FURTHER_TYPES, goValueText, typedText });
