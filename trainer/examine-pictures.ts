/** Entry of a process that decodes pictures, for a program that must not hang or crash with them. */
import { examineHere } from './data/apart/examine-picture.ts';
import { serveExamining } from './data/apart/serve-examining.ts';

serveExamining(examineHere);
