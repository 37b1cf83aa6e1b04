// Part: the API described to clients.

import { openApi, openApiETag, swagger } from '../apiserver/openapi.ts';
import { provide } from './index.ts';

provide('openapi', { openApi, openApiETag, swagger });
