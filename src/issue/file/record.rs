//! A session as bytes: version ‖ ended ‖ counter ‖ four times ‖ nonce ‖ subject ‖ device ‖ acr. Numbers are big-endian, texts have their length before them.

use zeroize::Zeroizing;

use super::pages::Fault;
use crate::issue::store::{SessionId, SessionNonce, StoredSession};

const VERSION: u8 = 1;

pub(super) fn write(session: &StoredSession) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let StoredSession {
        id: _,
        subject,
        nonce,
        device,
        acr,
        counter,
        created_at,
        rotated_at,
        idle_until,
        expires_at,
        ended,
    } = session;
    let texts = subject.len().saturating_add(device.len());
    // In one piece, so that no copy of the nonce is left behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(
        texts.saturating_add(acr.as_ref().map_or(0, String::len)).saturating_add(128),
    ));
    bytes.extend([VERSION, u8::from(*ended)]);
    for number in [counter, created_at, rotated_at, idle_until, expires_at] {
        bytes.extend(number.to_be_bytes());
    }
    bytes.extend(nonce.as_bytes());
    let texts = [Some(subject), Some(device), acr.as_ref()];
    for text in texts.into_iter().flatten() {
        let length = u32::try_from(text.len()).map_err(|_| Fault::TooLong)?;
        bytes.extend(length.to_be_bytes());
        bytes.extend(text.as_bytes());
    }
    Ok(bytes)
}

pub(super) fn read(id: SessionId, bytes: &[u8]) -> Result<StoredSession, Fault> {
    let mut reader = Reader(bytes);
    let [VERSION, ended @ (0 | 1)] = reader.take()? else { return Err(Fault::Damaged) };
    Ok(StoredSession {
        id,
        counter: reader.number()?,
        created_at: reader.number()?,
        rotated_at: reader.number()?,
        idle_until: reader.number()?,
        expires_at: reader.number()?,
        nonce: SessionNonce::from_bytes(reader.take()?),
        subject: reader.text()?,
        device: reader.text()?,
        acr: if reader.0.is_empty() { None } else { Some(reader.last()?) },
        ended: ended == 1,
    })
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Fault::Damaged)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn number(&mut self) -> Result<u64, Fault> {
        self.take().map(u64::from_be_bytes)
    }

    fn text(&mut self) -> Result<String, Fault> {
        let length = u32::from_be_bytes(self.take()?);
        let length = usize::try_from(length).map_err(|_| Fault::Damaged)?;
        let (text, rest) = self.0.split_at_checked(length).ok_or(Fault::Damaged)?;
        self.0 = rest;
        let text = std::str::from_utf8(text).map_err(|_| Fault::Damaged)?;
        Ok(text.to_owned())
    }

    /// A text with nothing behind it.
    fn last(&mut self) -> Result<String, Fault> {
        let text = self.text()?;
        if self.0.is_empty() { Ok(text) } else { Err(Fault::Damaged) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> StoredSession {
        StoredSession {
            id: SessionId::from_bytes([1; 16]),
            subject: "ada".to_owned(),
            nonce: SessionNonce::from_bytes([2; 32]),
            device: "a browser".to_owned(),
            acr: Some(String::new()),
            counter: 3,
            created_at: 4,
            rotated_at: 5,
            idle_until: 6,
            expires_at: u64::MAX,
            ended: true,
        }
    }

    #[test]
    fn what_was_written_is_read() {
        for acr in [None, Some(String::new()), Some("urn:mfa".to_owned())] {
            let session = StoredSession { acr, ..session() };
            let read = read(session.id, &write(&session).unwrap()).unwrap();
            assert_eq!(read.nonce.as_bytes(), session.nonce.as_bytes());
            assert_eq!(format!("{read:?}"), format!("{session:?}"));
        }
    }

    #[test]
    fn what_is_damaged_is_no_session() {
        let written = write(&session()).unwrap();
        let is_damaged = |bytes: &[u8]| read(session().id, bytes).is_err();
        let without_acr = written.len() - 4;
        for length in (0..written.len()).filter(|length| *length != without_acr) {
            assert!(is_damaged(&written[..length]), "cut to {length}");
        }
        assert!(is_damaged(&[&written[..], &[0]].concat()), "one more");
        for (at, byte) in [(0, 2), (1, 2), (74, 255), (78, 255)] {
            let mut bytes = written.to_vec();
            bytes[at] = byte;
            assert!(is_damaged(&bytes), "{byte} at {at}");
        }
    }
}
