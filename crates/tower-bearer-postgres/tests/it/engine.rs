use tower_bearer_postgres::{PostgresStore, sqlx::PgPool};
use tower_bearer_stores::{Engine, Postgres};

pub(crate) struct OnPostgres;

async fn pool(port: u16) -> PgPool {
    PgPool::connect(&format!("postgres://postgres@127.0.0.1:{port}/postgres")).await.unwrap()
}

impl Engine for OnPostgres {
    type Server = Postgres;
    type Store = PostgresStore;

    async fn connect(port: u16) -> PostgresStore {
        PostgresStore::connect(pool(port).await).await.unwrap()
    }

    async fn prepare(port: u16) {
        drop(PostgresStore::builder(pool(port).await).migrate().await.unwrap());
    }
}
