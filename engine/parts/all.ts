// Every part at once, for hosts that import the engine as modules: Node and the tests.

import './images.ts';
import './kubectl.ts';
import './shell.ts';
import './tools.ts';
import './yaml.ts';
