export function ClientDetail({ id }: { readonly id: string }) {
  return <h2>{id}</h2>;
}
