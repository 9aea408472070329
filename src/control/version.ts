/** Of everything that is said in this room. A reader refuses another one. */
export const VERSION = 1;
