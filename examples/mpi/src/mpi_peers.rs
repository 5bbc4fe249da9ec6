//! The trait `Peers` over MPI.

use burn_sls_optim::{Peers, PeersError};
use mpi::collective::SystemOperation;
use mpi::datatype::PartitionMut;
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;

/// The processes of an MPI program.
pub struct MpiPeers(pub SimpleCommunicator);

impl Peers for MpiPeers {
    fn rank(&self) -> usize {
        self.0.rank() as usize
    }

    fn gather(&self, own: &[u8]) -> Result<Vec<Vec<u8>>, PeersError> {
        let processes = self.0.size() as usize;
        let length = i32::try_from(own.len());
        let length = length.map_err(|_| PeersError("too much for one message".to_string()))?;
        let mut lengths = vec![0_i32; processes];
        self.0.all_gather_into(&length, &mut lengths[..]);
        let begins: Vec<i32> = lengths
            .iter()
            .scan(0, |begin, length| {
                let this = *begin;
                *begin += length;
                Some(this)
            })
            .collect();
        let whole: i32 = lengths.iter().sum();
        let mut bytes = vec![0_u8; whole as usize];
        {
            let mut parts = PartitionMut::new(&mut bytes[..], &lengths[..], &begins[..]);
            self.0.all_gather_varcount_into(own, &mut parts);
        }
        let mut rest = bytes.as_slice();
        let part = |length: &i32| {
            let (part, after) = rest.split_at(*length as usize);
            rest = after;
            part.to_vec()
        };
        Ok(lengths.iter().map(part).collect())
    }

    fn sum(&self, values: &mut [f32]) -> Result<(), PeersError> {
        let own = values.to_vec();
        self.0
            .all_reduce_into(&own[..], values, SystemOperation::sum());
        Ok(())
    }
}
