export function SiteDetail({ name }: { readonly name: string }) {
  return <h2>{name}</h2>;
}
