//! `sealgate token`.

use sealgate_artifact::TokenId;
use sealgate_wire::{CreateToken, Nothing, Timestamp, TokenCreated, TokenView};

use crate::args::{CreateTokenArgs, Global, TokenCommand, now};
use crate::client::Client;
use crate::failure::Failure;
use crate::output::{Output, ends, say};

pub(crate) fn run(global: &Global, command: &TokenCommand, output: &Output) -> Result<(), Failure> {
    let client = Client::new(global)?;
    match command {
        TokenCommand::Create(args) => create(&client, args, output),
        TokenCommand::List => {
            let tokens: Vec<TokenView> = client.get_all("/api/v1/tokens?limit=200")?;
            output.result(&tokens, |tokens| table(tokens));
            Ok(())
        }
        TokenCommand::Revoke { token_id } => {
            let id = TokenId::parse(token_id)
                .map_err(|e| Failure::from(e).fix("`sealgate token list` shows the ids"))?;
            let token: TokenView = client.post(&format!("/api/v1/tokens/{id}/revoke"), &Nothing {})?;
            output.result(&token, |token| table(std::slice::from_ref(token)));
            Ok(())
        }
    }
}

fn create(client: &Client, args: &CreateTokenArgs, output: &Output) -> Result<(), Failure> {
    let wish = CreateToken {
        name: args.name.clone(),
        scopes: args.scope.clone(),
        expires_at: args.expires.resolve(now()).map(Timestamp),
    };
    let created: TokenCreated = client.post_once("/api/v1/tokens", &wish)?;
    output.result(&created, |token| {
        Output::pairs(&[
            ("token id", token.token_id.clone()),
            ("token", token.token.clone()),
            ("scopes", token.scopes.join(", ")),
            ("ends", ends(token.expires_at)),
        ]);
        say!("\nThe token is shown only once.");
    });
    Ok(())
}

fn table(tokens: &[TokenView]) {
    let row = |t: &TokenView| {
        let status = t.revoked_at.map_or_else(|| ends(t.expires_at), |at| format!("revoked {at}"));
        vec![t.token_id.clone(), t.name.clone(), status, t.scopes.join(" ")]
    };
    Output::table(&["TOKEN ID", "NAME", "ENDS", "SCOPES"], tokens.iter().map(row));
}
