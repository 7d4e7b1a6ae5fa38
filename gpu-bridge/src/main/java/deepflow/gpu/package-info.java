/// The reference's `Backend` on an NVIDIA GPU: JNI to cuBLAS and cuDNN through the JavaCPP presets, with kernels
/// compiled at run time by NVRTC. Nothing lives here yet; the issue "GPU bridge" says what will, and the CPU
/// reference is its judge.
package deepflow.gpu;
