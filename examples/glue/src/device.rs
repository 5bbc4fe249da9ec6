//! The backends that this program was built with.

use burn::tensor::Device;

use crate::error::GlueError;
use crate::settings::DeviceName;

/// Opens a device by name.
///
/// # Errors
///
/// If the program was built without that backend.
pub fn open(name: DeviceName) -> Result<Device, GlueError> {
    match name {
        #[cfg(feature = "flex")]
        DeviceName::Flex => Ok(Device::flex()),
        // Burn will drop it in its next release; until then it stays a choice.
        #[cfg(feature = "ndarray")]
        #[allow(deprecated)]
        DeviceName::Ndarray => Ok(Device::ndarray()),
        #[cfg(feature = "wgpu")]
        DeviceName::Wgpu => Ok(Device::wgpu(Default::default())),
        #[cfg(feature = "vulkan")]
        DeviceName::Vulkan => Ok(Device::vulkan(Default::default())),
        #[cfg(feature = "cuda")]
        DeviceName::Cuda => Ok(Device::cuda(burn::tensor::DeviceIndex::Default)),
        #[allow(unreachable_patterns)]
        other => {
            let word = serde_json::json!(other);
            let word = word.as_str().unwrap_or_default();
            Err(GlueError::Usage(format!(
                "--device {word} is not built in: build with `cargo build --release -p glue \
                 --features {word}`"
            )))
        }
    }
}
