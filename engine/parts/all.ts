// Every part at once, for hosts that import the engine as modules: Node and the tests.

import './extensions.ts';
import './images.ts';
import './kubectl.ts';
import './machine.ts';
import './pki.ts';
import './shell.ts';
import './sim.ts';
import './tools.ts';
import './yaml.ts';
