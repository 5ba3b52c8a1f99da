// Tokio's public names, as its documentation has them: written by the example `names`.

use unpick_tokio::io::AsyncBufRead as _;
use unpick_tokio::io::AsyncRead as _;
use unpick_tokio::io::AsyncSeek as _;
use unpick_tokio::io::AsyncWrite as _;
use unpick_tokio::io::ReadBuf as _;
use unpick_tokio::net::ToSocketAddrs as _;
use unpick_tokio::pin as _;
