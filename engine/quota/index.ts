// Measuring for ResourceQuotas: shared by admission, which charges, and the controller, which counts again.

export { evaluatorOf, inScope, type Evaluator } from './evaluators.ts';
export { addLists, greatestOf, growth, listText, sameLists, type Quantities } from './lists.ts';
