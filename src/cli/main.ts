/** The command `nearcast`. */
export async function run(args: readonly string[]): Promise<void> {
  console.log(`nearcast ${args.join(' ')}`);
}
