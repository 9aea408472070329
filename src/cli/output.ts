/** Where the answer of a verb goes. */
export type Write = (text: string) => void;

export const toStandardOutput: Write = (text) => process.stdout.write(text);
